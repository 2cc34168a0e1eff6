import { expect, test } from "vitest";
import { allOf } from "./pages.ts";

interface Letters { letters: string; next_cursor: string | null }
const join = (one: Letters, next: Letters) => ({ ...one, letters: one.letters + next.letters });

/** A hub that has these pages, and what was asked of it. */
function hub(pages: Record<string, Letters>): { asked: string[]; ask: (path: string) => Promise<Letters> } {
  const asked: string[] = [];
  const ask = (path: string) => {
    asked.push(path);
    const page = pages[path];
    return page ? Promise.resolve(page) : Promise.reject(new Error(`nothing is at ${path}`));
  };
  return { asked, ask };
}

test("pages are asked for until one says that none follows, and become one list", async () => {
  const { ask, asked } = hub({
    "/l?client=a": { letters: "ab", next_cursor: "x+1" }, "/l?client=a&cursor=x%2B1": { letters: "c", next_cursor: "y" }, "/l?client=a&cursor=y": { letters: "d", next_cursor: null },
  });
  expect(await allOf("/l?client=a", ask, join)).toEqual({ letters: "abcd", next_cursor: null });
  expect(asked).toEqual(["/l?client=a", "/l?client=a&cursor=x%2B1", "/l?client=a&cursor=y"]);
});

test("what fits on one page is asked for once", async () => {
  const { ask, asked } = hub({ "/l": { letters: "a", next_cursor: null } });
  expect(await allOf("/l", ask, join)).toEqual({ letters: "a", next_cursor: null });
  expect(asked).toHaveLength(1);
});

test("a part of a list is never taken for all of it: where a page does not come nothing does", async () => {
  const { ask } = hub({ "/l": { letters: "a", next_cursor: "x" } });
  await expect(allOf("/l", ask, join)).rejects.toThrow("cursor=x");
});
