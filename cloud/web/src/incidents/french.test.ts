import { expect, test } from "vitest";
import { frenchNumbers } from "./words.ts";

test("shares and prefixed numbers are French, and names and versions stay, as in messages of the hub", () => {
  const read = [
    ["Processeur de srv à 92.2% depuis 15 minutes", "Processeur de srv à 92,2\u202f% depuis 15 minutes"], ["/var à 100%", "/var à 100\u202f%"], ["mémoire : 25.28G, reste 1.5Gi", "mémoire : 25,28\u202fG, reste 1,5\u202fGi"],
    ["openssl 3.0.14 sur caisse-12", "openssl 3.0.14 sur caisse-12"], ["caisse-2M répond", "caisse-2M répond"], ["depuis 15 minutes à 3.5", "depuis 15 minutes à 3.5"], ["5Ghz, 2 Go, 7.", "5Ghz, 2 Go, 7."], ["-3.2% hier", "-3,2\u202f% hier"],
  ] as const;
  for (const [said, french] of read) expect(frenchNumbers(said)).toBe(french);
});
