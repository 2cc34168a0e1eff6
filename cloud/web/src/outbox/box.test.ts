import { expect, test } from "vitest";
import { Passing } from "../kept/cupboard.ts";
import { Box, TooMany, type Heard } from "./box.ts";
import { bodyOf, KNOWN_AGAIN_MS, MOST_WAITING, MOST_WAITING_BYTES, pathOf, SHOWN_MS, type Entry } from "./entry.ts";
import { heardOf } from "./post.ts";
import { reachOf } from "./words.ts";

const WHO = "person 1";

/** A hub that does what it is sent once, and whose line may lose what it is told and what it answers. */
class Hub {
  done: string[] = [];
  loses: "nothing" | "requests" | "answers" = "nothing";
  refuses = new Set<string>();
  #keys = new Map<string, string>();

  post = async (entry: Entry): Promise<Heard> => {
    if (this.loses === "requests") return { kind: "later" };
    if (this.refuses.has(entry.word)) return { kind: "refused", why: "it is over" };
    const body = JSON.stringify(bodyOf(entry));
    const before = this.#keys.get(entry.key);
    expect(before ?? body, "the same key bears the same body").toBe(body);
    if (before === undefined) this.done.push(`${entry.word} ${entry.says.text ?? ""}`.trim());
    this.#keys.set(entry.key, body);
    return this.loses === "answers" ? { kind: "later" } : { kind: "done" };
  };
}

function all() {
  const clock = { now: 1_000_000 };
  const cupboard = new Passing();
  const box = new Box(cupboard, () => clock.now);
  const decide = (word: Entry["word"], text?: string) =>
    box.add({ who: WHO, incident: "I", about: "disk", word, says: text === undefined ? {} : { text } });
  return { clock, cupboard, box, hub: new Hub(), decide };
}

test("what was decided without a line arrives once and in order when there is one", async () => {
  const { box, hub, decide } = all();
  hub.loses = "requests";
  await decide("acknowledge");
  await decide("comment", "on my way");
  expect(await box.flush(WHO, hub.post)).toBe(false);
  expect((await box.of(WHO)).map((one) => one.state)).toEqual(["waiting", "waiting"]);
  hub.loses = "nothing";
  expect(await box.flush(WHO, hub.post)).toBe(true);
  await box.flush(WHO, hub.post);
  expect(hub.done).toEqual(["acknowledge", "comment on my way"]);
});

test("what arrived and whose answer was lost is sent again, and done once", async () => {
  const { box, hub, decide } = all();
  hub.loses = "answers";
  await decide("acknowledge");
  for (let at = 0; at < 5; at += 1) await box.flush(WHO, hub.post);
  hub.loses = "nothing";
  await box.flush(WHO, hub.post);
  expect(hub.done).toEqual(["acknowledge"]);
  expect((await box.of(WHO))[0]?.state).toBe("sent");
});

test("over a thousand cuts at random nothing is lost, nothing doubled, and the order holds", async () => {
  const { box, hub, decide, clock } = all();
  // A generator that says the same each time.
  let seed = 7;
  const chance = () => (seed = (seed * 48_271) % 2_147_483_647) / 2_147_483_647;
  const wanted: string[] = [];
  for (let at = 0; at < 1000; at += 1) {
    hub.loses = (["nothing", "requests", "answers"] as const)[Math.floor(chance() * 3)] ?? "nothing";
    if (chance() < 0.3) {
      wanted.push(`comment ${at}`);
      await decide("comment", String(at));
    }
    await box.flush(WHO, hub.post);
    clock.now += Math.floor(chance() * 60_000);
  }
  hub.loses = "nothing";
  await box.flush(WHO, hub.post);
  expect(hub.done).toEqual(wanted);
});

test("it says when it was decided, and not when it was sent", async () => {
  const { hub, box, decide, clock } = all();
  const entry = await decide("acknowledge");
  hub.loses = "requests";
  clock.now += 3_600_000;
  await box.flush(WHO, hub.post);
  expect(bodyOf((await box.of(WHO))[0] ?? entry)["happened_at"]).toBe(new Date(1_000_000).toISOString());
});

test("what is refused keeps its reason, does not hold up what comes after, and can be said anew or thrown away", async () => {
  const { box, hub, decide } = all();
  hub.refuses.add("resolve");
  await decide("resolve", "fixed");
  await decide("comment", "looking");
  await box.flush(WHO, hub.post);
  const [refused] = await box.of(WHO);
  expect(refused).toMatchObject({ state: "refused", why: "it is over" });
  expect(hub.done).toEqual(["comment looking"]);
  hub.refuses.clear();
  await box.again(refused?.seq ?? 0, { text: "really fixed" });
  await box.flush(WHO, hub.post);
  expect(hub.done).toEqual(["comment looking", "resolve really fixed"]);
  const thrown = await decide("comment", "no");
  await box.drop(thrown.seq);
  await box.flush(WHO, hub.post);
  expect(hub.done).toHaveLength(2);
});

test("what the hub would not know again is not sent by itself", async () => {
  const { box, hub, decide, clock } = all();
  hub.loses = "answers";
  await decide("acknowledge");
  await box.flush(WHO, hub.post);
  hub.loses = "nothing";
  clock.now += KNOWN_AGAIN_MS + 1;
  await box.flush(WHO, hub.post);
  expect((await box.of(WHO))[0]?.state).toBe("unsure");
  expect(hub.done).toHaveLength(1);
});

test("one who was never sent may wait for days", async () => {
  const { box, hub, decide, clock } = all();
  await decide("acknowledge");
  clock.now += 3 * KNOWN_AGAIN_MS;
  await box.flush(WHO, hub.post);
  expect(hub.done).toEqual(["acknowledge"]);
});

test("nobody sends what another person decided", async () => {
  const { box, hub, decide } = all();
  await decide("acknowledge");
  await box.flush("person 2", hub.post);
  expect([hub.done, await box.of("person 2")]).toEqual([[], []]);
});

test("what was sent is listed for an hour, and too much is said to be so before it is kept", async () => {
  const { box, hub, decide, clock } = all();
  await decide("acknowledge");
  await box.flush(WHO, hub.post);
  clock.now += SHOWN_MS + 1;
  expect(await box.of(WHO)).toEqual([]);
  for (let at = 0; at < MOST_WAITING; at += 1) await decide("comment", "x");
  await expect(decide("comment", "one more")).rejects.toBeInstanceOf(TooMany);
});

test("a photo waits with its bytes, holds up no decision, and takes no room once it is at the hub", async () => {
  const { box, cupboard, hub, decide } = all();
  const content = new Uint8Array([1, 2, 3]).buffer;
  const photo = await box.add({ who: WHO, incident: "I", about: "disk", word: "photo", says: {} }, { content, kind: "image/jpeg" });
  await decide("acknowledge");
  expect(pathOf(photo)).toBe(`/api/v1/incidents/I/photos?happened_at=${encodeURIComponent(new Date(photo.doneAt).toISOString())}`);
  hub.refuses.add("photo");
  expect(await box.flush(WHO, hub.post)).toBe(true);
  expect(hub.done).toEqual(["acknowledge"]);
  expect((await box.of(WHO)).map((one) => one.state)).toEqual(["waiting", "sent"]);
  expect((await box.photo(photo.seq))?.content.byteLength).toBe(3);
  // Refused, it stays to be sent again or thrown away.
  await box.flush(WHO, hub.post, true);
  expect((await box.photo(photo.seq))?.kind).toBe("image/jpeg");
  await box.again(photo.seq, {});
  const sent: (number | undefined)[] = [];
  await box.flush(WHO, async (_, own) => (sent.push(own?.content.byteLength), { kind: "done" }), true);
  expect(sent).toEqual([3]);
  expect(await cupboard.change((tx) => tx.all("photos"))).toEqual([]);
});

test("a photo that is thrown away leaves nothing, and photos have an end", async () => {
  const { box, cupboard } = all();
  const add = (bytes: number) => box.add({ who: WHO, incident: "I", about: "disk", word: "photo", says: {} }, { content: new ArrayBuffer(bytes), kind: "image/jpeg" });
  const first = await add(MOST_WAITING_BYTES - 10);
  await expect(add(11)).rejects.toBeInstanceOf(TooMany);
  await add(10);
  await box.drop(first.seq);
  expect(await cupboard.change((tx) => tx.all("photos"))).toHaveLength(1);
  await add(MOST_WAITING_BYTES - 10);
});

test("an answer is taken for what it is", () => {
  expect(heardOf(200, true, {})).toEqual({ kind: "done" });
  for (const status of [401, 429, 502, 503, 504]) expect(heardOf(status, false, {}).kind).toBe("later");
  expect(heardOf(409, false, { code: "conflict", detail: "under way", retry_after_seconds: 1 }).kind).toBe("later");
  expect(heardOf(409, false, { detail: "it is over", next: "look" })).toMatchObject({ kind: "refused", why: "it is over. look", problem: { detail: "it is over" } });
  expect(heardOf(500, false, undefined).kind).toBe("refused");
});

test("ticks say how far it came", () => {
  expect([reachOf({ state: "waiting" }, false), reachOf({ state: "sent" }, false), reachOf({ state: "sent" }, true)].map((one) => one.ticks)).toEqual(["◷", "✓", "✓✓"]);
});
