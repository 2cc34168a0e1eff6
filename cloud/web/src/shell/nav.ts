// Which entries has the navigation for who looks?
import { looker } from "../me.svelte.ts";
import { groups, pages, type Group, type PageEntry } from "../pages.ts";
import type { PageName } from "../route.ts";

export interface Entry {
  name: PageName;
  title: string;
  nav: NonNullable<PageEntry["nav"]>;
}

export function entries(): Entry[] {
  return (Object.keys(pages) as PageName[]).flatMap((name) => {
    const { nav, title } = pages[name];
    if (!nav || (nav.right && !looker.may(nav.right))) return [];
    return [{ name, title: title(), nav }];
  });
}

/** Every page that is found by its name. */
export function findable(): { name: PageName; title: string }[] {
  const others = (Object.keys(pages) as PageName[]).filter((name) => {
    const right = pages[name].findable;
    return right !== undefined && looker.may(right);
  });
  return [...entries(), ...others.map((name) => ({ name, title: pages[name].title() }))];
}

export function grouped(): { group: Group; entries: Entry[] }[] {
  const all = entries();
  const of = groups.map((group) => ({ group, entries: all.filter((entry) => entry.nav.group === group) }));
  return of.filter((one) => one.entries.length > 0);
}

/** Whether an entry is the one of the page that is shown. */
export function isLit(entry: PageName, page: PageName | undefined): boolean {
  return page !== undefined && (entry === page || pages[page].below === entry);
}
