// Colours in the output of programs. Other escape sequences are left out; what
// is left is text and never markup.
export interface Span { text: string; classes: string }

const ESCAPE = /\u001b\[([0-9;]*)m|\u001b\[[0-9;?]*[ -/]*[@-~]|\u001b\][^\u0007\u001b]*(?:\u0007|\u001b\\)|\u001b[@-Z\\-_]|[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f]/g;

export function spans(line: string): Span[] {
  const out: Span[] = [];
  let codes: number[] = [];
  let at = 0;
  const add = (text: string) => { if (text) out.push({ text, classes: codes.map((c) => `ansi-${c}`).join(' ') }); };
  for (const found of line.matchAll(ESCAPE)) {
    add(line.slice(at, found.index));
    at = found.index + found[0].length;
    if (found[1] !== undefined) codes = after(codes, found[1]);
  }
  add(line.slice(at));
  return out;
}

function after(codes: number[], text: string): number[] {
  let next = codes;
  for (const code of text.split(';').map(Number)) {
    if (code === 0) next = [];
    else if (code === 39) next = next.filter((c) => c < 30);
    else if (code === 22) next = next.filter((c) => c > 2);
    else if ((code >= 30 && code <= 37) || (code >= 90 && code <= 97)) next = [...next.filter((c) => c < 30), code];
    else if (code >= 1 && code <= 4) next = [...next.filter((c) => c !== code), code];
  }
  return next;
}

// overwritten is a line as a terminal leaves it after carriage returns, which
// progress bars write.
export function overwritten(line: string): string {
  const end = line.endsWith('\r') ? line.slice(0, -1) : line;
  return end.slice(end.lastIndexOf('\r') + 1);
}
