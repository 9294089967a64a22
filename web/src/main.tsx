import { render } from "preact";
import "./ui/tokens.css";
import "./ui/base.css";
import "./ui/ui.css";
import "./shell.css";
import { App } from "./app";
import { startRouting } from "./router";
import { allowTiles } from "./tiles";

startRouting();
allowTiles();
const root = document.getElementById("app");
if (root) render(<App />, root);
