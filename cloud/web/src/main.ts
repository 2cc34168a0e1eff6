// The beginning: dresses the page, listens to the hub, and puts the frame up.
import { mount } from "svelte";
import "./style/tokens.css";
import "./style/base.css";
import { ahead } from "./api/client.ts";
import { breath } from "./breath.ts";
import App from "./shell/App.svelte";
import { stream } from "./live/stream.svelte.ts";
import { looker } from "./me.svelte.ts";
import { pages } from "./pages.ts";
import { learn } from "./say/heard.ts";
import { outbox } from "./outbox/outbox.svelte.ts";
import { install } from "./phone/install.svelte.ts";
import { worker } from "./phone/worker.svelte.ts";
import { comeBack } from "./return.ts";
import { router } from "./router.svelte.ts";
import { dress } from "./settings.svelte.ts";
import { fetchLayers } from "./shell/layers.ts";

dress();
install.listen();
const place = comeBack();
if (place) router.go(place, { replace: true });
// Code and answers are on their way before the frame stands.
const page = router.found && pages[router.found.page];
if (page) {
  page.load().catch(() => undefined);
  page.asks?.().forEach(ahead);
}
// What is needed now comes first, what is needed without a line after it.
addEventListener("load", () => whenIdle(() => {
  void worker.start();
  fetchLayers();
  void learn().catch(() => undefined);
}));
void begin();

/** Each is a piece of work of its own: the browser paints the frame before what is in it is drawn. */
async function begin(): Promise<void> {
  await breath();
  mount(App, { target: document.body });
  await breath();
  stream.on(["ended"], () => (looker.ended = true));
  // Who looks comes before what they wanted to be sent.
  const look = () => void looker.load().then(() => outbox.flush());
  stream.on(["back", "reset"], look);
  stream.start();
  outbox.start();
  look();
  addEventListener("online", () => stream.start());
}

/** Not every browser says when it has nothing to do. */
function whenIdle(run: () => void): void {
  if ("requestIdleCallback" in globalThis) requestIdleCallback(run);
  else setTimeout(run, 200);
}
