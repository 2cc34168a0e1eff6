// How is what stands in rows that are used again written? What is the same is not written again: a row is filled each second
// and mostly says what it said.

export function put(element: HTMLElement, text: string): void {
  if (element.firstChild?.nodeValue !== text) element.textContent = text;
}

export function set(element: Element, name: string, value: string): void {
  if (element.getAttribute(name) !== value) element.setAttribute(name, value);
}

export function child(parent: HTMLElement, tag: string, className = "", role = ""): HTMLElement {
  const element = document.createElement(tag);
  if (className) element.className = className;
  if (role) element.setAttribute("role", role);
  parent.append(element);
  return element;
}

/** A glyph of the page's sprite, whose `href` says which. */
export function glyph(parent: HTMLElement): SVGUseElement {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("class", "glyph");
  svg.setAttribute("aria-hidden", "true");
  const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
  svg.append(use);
  parent.append(svg);
  return use;
}
