import tseslint from "typescript-eslint";

export default tseslint.config(
  { ignores: ["dist/", "node_modules/", "src/bundle/manifest.gen.ts"] },
  {
    files: ["src/**/*.ts"],
    extends: [...tseslint.configs.strictTypeChecked, ...tseslint.configs.stylisticTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      // Numbers read well in template strings; everything else must be turned to text on purpose.
      "@typescript-eslint/restrict-template-expressions": ["error", { allowNumber: true }],
      "@typescript-eslint/no-confusing-void-expression": ["error", { ignoreArrowShorthand: true }],
      "@typescript-eslint/no-non-null-assertion": "error",
      eqeqeq: ["error", "always"],
      "no-console": "error",
      // Text from a bundle must never become markup or code.
      "no-eval": "error",
      "no-restricted-properties": [
        "error",
        { property: "innerHTML", message: "Text goes in by textContent." },
        { property: "outerHTML", message: "Text goes in by textContent." },
        { property: "insertAdjacentHTML", message: "Text goes in by textContent." },
      ],
      "no-restricted-globals": [
        "error",
        { name: "XMLHttpRequest", message: "Bytes come from bundle/source.ts only." },
        { name: "Buffer", message: "Browsers have none." },
        { name: "process", message: "Browsers have none." },
      ],
    },
  },
  {
    // three.js stays in one room, so that layout and forms can be tested without a GPU.
    files: ["src/**/*.ts"],
    ignores: ["src/scene/**"],
    rules: { "no-restricted-imports": ["error", { paths: [{ name: "three", message: "three.js is for src/scene only." }] }] },
  },
  {
    // Tests run in Node.
    files: ["src/**/*.test.ts", "src/**/fixtures.ts"],
    rules: { "no-restricted-globals": "off" },
  },
);
