// The beginning: dresses the page, listens to the hub, and puts the frame up.
import { mount } from "svelte";
import "./style/tokens.css";
import "./style/base.css";
import { ahead } from "./api/client.ts";
import App from "./shell/App.svelte";
import { stream } from "./live/stream.svelte.ts";
import { looker } from "./me.svelte.ts";
import { pages } from "./pages.ts";
import { outbox } from "./outbox/outbox.svelte.ts";
import { install } from "./phone/install.svelte.ts";
import { worker } from "./phone/worker.svelte.ts";
import { comeBack } from "./return.ts";
import { router } from "./router.svelte.ts";
import { dress } from "./settings.svelte.ts";

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
mount(App, { target: document.body });
stream.on(["ended"], () => (looker.ended = true));
// Who looks comes before what they wanted to be sent.
const begin = () => void looker.load().then(() => outbox.flush());
stream.on(["back", "reset"], begin);
stream.start();
outbox.start();
begin();
addEventListener("online", () => stream.start());
// What is needed now comes first, what is needed without a line after it.
addEventListener("load", () => void worker.start());
