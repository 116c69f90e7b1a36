// Elements of the page by id, of the kind that the caller expects.

/** @throws if index.html has no such element. */
export function element<T extends HTMLElement>(id: string, kind: new () => T): T {
  const found = document.getElementById(id);
  if (!(found instanceof kind)) throw new Error(`index.html: expected ${kind.name} #${id}`);
  return found;
}

/** A new element with text or children, and attributes. */
export function make<Name extends keyof HTMLElementTagNameMap>(
  name: Name,
  attributes: Readonly<Record<string, string>> = {},
  ...children: (Node | string)[]
): HTMLElementTagNameMap[Name] {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

/** Other children in the place of what was there. The keyboard stays on the input of the same value. */
export function replaceInputs(parent: HTMLElement, ...children: readonly Node[]): void {
  const focused = focusedValue(parent);
  parent.replaceChildren(...children);
  focusInput(parent, focused);
}

/** The value of the input below `parent` that the keyboard is on. */
export function focusedValue(parent: HTMLElement): string | undefined {
  const { activeElement } = document;
  return parent.contains(activeElement) ? (activeElement as HTMLInputElement).value : undefined;
}

export function focusInput(parent: HTMLElement, of: string | undefined): void {
  const input = [...parent.querySelectorAll('input')].find(({ value }) => value === of);
  input?.focus({ preventScroll: true });
}

/** Calls `draw` before the next frame, once however often it is asked to. A hidden page has no frames, and draws when it is seen. */
export function onFrame(draw: () => void): () => void {
  let isAsked = false;
  return () => {
    if (isAsked) return;
    isAsked = true;
    requestAnimationFrame(() => {
      isAsked = false;
      draw();
    });
  };
}
