// Can this browser be pushed to, is it, and if not, why not?

/**
 * no-secure: the pages came over plain HTTP; no-support: the browser has no push; install-first: it has, once the pages are on
 * the home screen (iOS); denied, ask: what somebody said, or that they were not asked; granted: they said yes.
 */
export type Standing = "no-secure" | "no-support" | "install-first" | "denied" | "ask" | "granted";

export interface Abilities {
  secure: boolean;
  push: boolean;
  notifications: boolean;
  permission: "default" | "granted" | "denied";
  /** An iPhone or iPad. */
  apple: boolean;
  /** Opened from the home screen. */
  installed: boolean;
}

export function standingOf(can: Abilities): Standing {
  if (!can.secure) return "no-secure";
  if (!can.push || !can.notifications) return can.apple && !can.installed ? "install-first" : "no-support";
  if (can.permission === "denied") return "denied";
  return can.permission === "granted" ? "granted" : "ask";
}

/** What this browser is able to now. */
export function abilities(): Abilities {
  const own = navigator as Navigator & { standalone?: boolean };
  return {
    secure: isSecureContext,
    push: "serviceWorker" in navigator && "PushManager" in globalThis,
    notifications: "Notification" in globalThis,
    permission: "Notification" in globalThis ? Notification.permission : "default",
    // An iPad says that it is a Mac, with fingers.
    apple: /iPhone|iPad|iPod/.test(navigator.userAgent) || (/Macintosh/.test(navigator.userAgent) && navigator.maxTouchPoints > 1),
    installed: own.standalone === true || matchMedia("(display-mode: standalone)").matches,
  };
}

/** The id by which the hub knows a subscription: what its endpoint comes down to. */
export async function idOf(endpoint: string): Promise<string> {
  const hash = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(endpoint));
  return Array.from(new Uint8Array(hash).subarray(0, 8), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

const SYSTEMS = [["Android", "Android"], ["iPhone", "iPhone"], ["iPad", "iPad"], ["Windows", "Windows"], ["Mac OS X", "Mac"], ["Linux", "Linux"]] as const;
const BROWSERS = [
  ["Edg", "Edge"], ["OPR", "Opera"], ["SamsungBrowser", "Samsung"], ["Firefox", "Firefox"], ["FxiOS", "Firefox"], ["CriOS", "Chrome"],
  ["Chrome", "Chrome"], ["Safari", "Safari"],
] as const;

/** A name that says which it is, until somebody has a better one. */
export function nameOf(agent: string): string {
  // Of what a browser says of itself the particular comes before what all say.
  const said = (words: readonly (readonly [word: string, name: string])[]) => words.find(([word]) => agent.includes(word))?.[1];
  return [said(SYSTEMS), said(BROWSERS)].filter(Boolean).join(" · ");
}

/** A key as the Push API takes it. */
export function bytesOf(base64url: string): Uint8Array<ArrayBuffer> {
  const text = atob(base64url.replace(/-/g, "+").replace(/_/g, "/"));
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}
