// The start page: what the library holds, and what can be done with it.

import { applyTheme, systemTheme } from "../panels/theme";
import { shelf } from "./shelf";

const root = document.getElementById("tensorview");
if (root) {
  applyTheme(document.documentElement, systemTheme());
  shelf(root);
}
