/** The path of a small plot. Pure. */

/** Room for the line's own width at the top. */
const TOP = 1.5;

/** `values` ending at the right edge of `slots` places, as high as `height` where they are highest. */
export function outline(
  values: ArrayLike<number>,
  slots: number,
  height: number,
): { line: string; area: string } {
  const count = Math.min(values.length, slots);
  if (count === 0) return { line: '', area: '' };
  const skip = values.length - count;
  let most = 1;
  for (let i = 0; i < count; i += 1) most = Math.max(most, values[skip + i] ?? 0);
  const points: string[] = [];
  for (let i = 0; i < count; i += 1) {
    const y = height - ((values[skip + i] ?? 0) / most) * (height - TOP);
    points.push(`${slots - count + i} ${Math.round(y * 10) / 10}`);
  }
  const line = `M${points.join('L')}`;
  return { line, area: `${line}V${height}H${slots - count}Z` };
}
