// Colours of charts come from the design tokens, so that both themes hold.
export const token = (name: string): string => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();

export const seriesColour = (i: number): string => token(`series-${(i % 7) + 1}`);

export const deviceColour = (device: string): string => token(device === 'gpu' ? 'series-2' : 'series-1');

export function translucent(colour: string, part: number): string {
  return `color-mix(in srgb, ${colour} ${Math.round(part * 100)}%, transparent)`;
}
