// Values in messages. One may come from a file that anybody has written: whatever it is, its text is short and on one line.

const MOST_CHARACTERS = 100;
const MOST_NAMES = 20;
/** Beyond those that JSON escapes: what moves the cursor, breaks the line, hides or turns round what follows. */
const INVISIBLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;

/** As JSON, shortened; `none` for undefined. */
export function show(value: unknown): string {
  if (typeof value === 'string') return escaped(JSON.stringify(shortened(value)));
  return escaped(shortened(json(value)));
}

/** Names in quotes, the first of them. */
export function showNames(names: readonly string[]): string {
  const shown = names.slice(0, MOST_NAMES).map(show).join(', ');
  return names.length > MOST_NAMES ? `${shown} and ${names.length - MOST_NAMES} others` : shown;
}

function json(value: unknown): string {
  try {
    return JSON.stringify(value) ?? 'none';
  } catch {
    return 'something nested too deeply';
  }
}

function shortened(text: string): string {
  return text.length > MOST_CHARACTERS ? `${text.slice(0, MOST_CHARACTERS)}...` : text;
}

function escaped(text: string): string {
  return text.replace(INVISIBLE, (character) => `\\u${character.codePointAt(0)!.toString(16).padStart(4, '0')}`);
}
