// What is the client of the demonstration called? No other is ever called so.
export const DEMO = "vigie-demo";
