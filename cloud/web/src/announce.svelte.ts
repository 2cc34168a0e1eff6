// What is said to who does not see the page change? Politely, and at once only where the reader asked for it.

class Announcer {
  text = $state("");
  /** For what can not wait: the session has ended, an action failed. */
  urgent = $state("");

  say(text: string): void {
    this.text = text;
  }

  cry(text: string): void {
    this.urgent = text;
  }
}

export const announcer = new Announcer();
