// What layer names say about structure: "block6_expand_conv" is a part of block 6.

const NUMBERED = /^[a-z]*\d+[a-z]?$/i;

/** "conv2_block1_1_bn" -> ["conv2", "conv2_block1"]: the beginnings that end in a number of their own. */
export function numberedPrefixes(name: string): string[] {
  const tokens = name.split("_");
  const found: string[] = [];
  let numbered = false;
  tokens.forEach((token, i) => {
    const bare = /^\d+[a-z]?$/i.test(token);
    // A number that stands alone counts where the word before it has none: "block_1", not "block1_1".
    const counts = bare ? i > 0 && !numbered : NUMBERED.test(token) && !/^(conv|pool|up|relu|bn|dense)\d?d$/i.test(token);
    numbered = /\d/.test(token);
    if (counts) found.push(tokens.slice(0, i + 1).join("_"));
  });
  return found;
}

/** "conv2_block1" -> "conv#_block#": prefixes of one pattern are siblings. */
export function pattern(prefix: string): string {
  return prefix.replace(/\d+[a-z]?(?=_|$)/gi, "#");
}

/** "block6" -> "block 6", "conv2_block1" -> "conv2 block1". */
export function spoken(prefix: string): string {
  const single = /^([a-z]+)_?(\d+[a-z]?)$/i.exec(prefix);
  return single ? `${single[1] ?? ""} ${single[2] ?? ""}` : prefix.replaceAll("_", " ");
}

/** The least that still tells blocks apart: "block6" -> "6", "conv2_block1" -> "2.1". */
export function numberOf(prefix: string): string {
  return (prefix.match(/\d+[a-z]?(?=_|$)/gi) ?? [prefix]).join(".");
}
