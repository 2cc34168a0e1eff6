// How are server-sent events read from a stream of text?

export interface Told {
  kind: string;
  id: string;
  data: string;
}

/** Takes text in any pieces and gives the events that are whole. */
export class EventReader {
  #rest = "";
  /** The last id that was given: where to go on. */
  lastId = "";

  take(text: string): Told[] {
    const blocks = (this.#rest + text.replace(/\r\n?/g, "\n")).split("\n\n");
    this.#rest = blocks.pop() ?? "";
    return blocks.map((block) => this.#read(block)).filter((told) => told !== undefined);
  }

  #read(block: string): Told | undefined {
    let kind = "message";
    const data: string[] = [];
    for (const line of block.split("\n")) {
      const colon = line.indexOf(":");
      if (colon <= 0) continue;
      const value = line.slice(colon + 1).replace(/^ /, "");
      const field = line.slice(0, colon);
      if (field === "event") kind = value;
      else if (field === "data") data.push(value);
      else if (field === "id") this.lastId = value;
    }
    return data.length ? { kind, id: this.lastId, data: data.join("\n") } : undefined;
  }
}
