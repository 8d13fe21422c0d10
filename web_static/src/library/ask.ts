// Asks a person for a line of text.

import { button, el } from "../panels/dom";

/** The text that was given, or null where the person thought better of it. */
export function askText(title: string, value: string, hint: string, most: number): Promise<string | null> {
  return new Promise((resolve) => {
    const field = el("input", { type: "text", value, maxlength: most, "aria-label": title });
    const form = el("form", { method: "dialog" }, el("h2", {}, title), field, el("p.note", {}, hint));
    const dialog = el("dialog.ask", {}, form);
    const cancel = button("Cancel", () => dialog.close());
    form.append(el("div.buttons", {}, cancel, el("button.primary", { type: "submit" }, "Save")));
    let answer: string | null = null;
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      answer = field.value;
      dialog.close();
    });
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve(answer);
    });
    document.body.append(dialog);
    dialog.showModal();
    field.select();
  });
}
