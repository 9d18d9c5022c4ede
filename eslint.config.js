import js from "@eslint/js";
import globals from "globals";

// Words of a catalog stay text: nothing of ours reads a string as markup.
const MARKUP = ["innerHTML", "outerHTML", "insertAdjacentHTML", "setHTMLUnsafe", "write"];

export default [
  js.configs.recommended,
  {
    files: ["workbench/**/*.js"],
    languageOptions: { globals: globals.browser },
    linterOptions: { reportUnusedDisableDirectives: "error" },
    rules: {
      eqeqeq: ["error", "always", { null: "ignore" }],
      "no-eval": "error",
      "no-implicit-coercion": "error",
      "no-implied-eval": "error",
      "no-new-func": "error",
      "no-restricted-properties": ["error", ...MARKUP.map((property) => ({ property, message: "Set text instead." }))],
      "no-shadow": "error",
      "no-unused-expressions": "error",
      "no-var": "error",
      "prefer-const": "error",
    },
  },
  { ignores: ["**/node_modules/", "**/.venv/", "site/", "build/", "dist/", "runs/", "sample_data/"] },
];
