// A tone for each critical alert that is new, once somebody has asked for it. Nothing else of these pages needs a script.
const EVERY_MS = 10000;
const box = document.getElementById("sound");
const button = box.querySelector("button");
const said = box.querySelector("output");
let tones;
let known;
let next;

const critical = (page) => new Set(Array.from(page.querySelectorAll(".alerts > .critical h3 a"), (link) => link.getAttribute("href")));

function tone() {
  for (const [at, pitch] of [[0, 880], [0.25, 660]]) {
    const voice = tones.createOscillator();
    const level = tones.createGain();
    voice.frequency.value = pitch;
    const begins = tones.currentTime + at;
    level.gain.setValueAtTime(0.25, begins);
    level.gain.exponentialRampToValueAtTime(0.001, begins + 0.22);
    voice.connect(level).connect(tones.destination);
    voice.start(begins);
    voice.stop(begins + 0.22);
  }
}

// Whoever is in the middle of something there goes on with it.
function put(page, part) {
  const [old, fresh] = [document.querySelector(part), page.querySelector(part)];
  if (old && fresh && !old.contains(document.activeElement)) old.replaceWith(fresh);
}

async function look() {
  const mine = tones;
  try {
    const answer = await fetch(location.href, { cache: "no-store", signal: AbortSignal.timeout(EVERY_MS) });
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    // A door instead of the page: the session has ended.
    if (!answer.ok || !page.getElementById("sound")) throw new Error("no page");
    // Turned off meanwhile, and perhaps on again.
    if (tones !== mine) return;
    // A telephone takes the sound away when it likes.
    if (mine.state !== "running") throw new Error("asleep");
    const now = critical(page);
    if (Array.from(now).some((one) => !known.has(one))) tone();
    known = now;
    for (const part of [".asof", ".old", "main"]) put(page, part);
    document.title = page.title;
    said.textContent = box.dataset.on;
  } catch (why) {
    if (tones !== mine) return;
    said.textContent = why.message === "asleep" ? box.dataset.asleep : box.dataset.lost;
  }
  next = setTimeout(look, EVERY_MS);
}

button.hidden = false;
button.addEventListener("click", async () => {
  const on = !tones;
  if (on) {
    tones = new AudioContext();
    await tones.resume();
    known = critical(document);
    tone();
    next = setTimeout(look, EVERY_MS);
  } else {
    clearTimeout(next);
    void tones.close();
    tones = undefined;
  }
  button.textContent = on ? button.dataset.on : button.dataset.off;
  said.textContent = on ? box.dataset.on : box.dataset.off;
});
