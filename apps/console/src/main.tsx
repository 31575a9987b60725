import "./no-eval.ts";
import { render } from "preact";
import { RolloutPage } from "./rollout-page/rollout-page.tsx";
import "./rollout-page/theme.css";
import "./rollout-page/layout.css";
import "./rollout-page/header.css";
import "./rollout-page/panels.css";
import "./rollout-page/gates.css";
import "./rollout-page/actions.css";

const page = document.getElementById("page");
if (page === null) throw new Error('index.html has no element with the id "page"');
render(<RolloutPage linked={location.hash === "" ? null : location.hash.slice(1)} />, page);
