// The beginning: dresses the page, listens to the hub, and puts the frame up.
import { mount } from "svelte";
import "./style/tokens.css";
import "./style/base.css";
import App from "./shell/App.svelte";
import { stream } from "./live/stream.svelte.ts";
import { looker } from "./me.svelte.ts";
import { comeBack } from "./return.ts";
import { router } from "./router.svelte.ts";
import { dress } from "./settings.svelte.ts";

dress();
const place = comeBack();
if (place) router.go(place, { replace: true });
mount(App, { target: document.body });
stream.on(["ended"], () => (looker.ended = true));
stream.on(["back", "reset"], () => void looker.load());
stream.start();
void looker.load();
addEventListener("online", () => stream.start());
