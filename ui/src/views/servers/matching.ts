/** Which of many a filter leaves. */

/** Those whose texts contain every word of `filter`, whatever its case. */
export function matching<T>(
  items: readonly T[],
  filter: string,
  texts: (item: T) => readonly (string | null)[],
): readonly T[] {
  const words = filter.toLowerCase().split(/\s+/).filter(Boolean);
  if (words.length === 0) return items;
  return items.filter((item) => {
    const text = texts(item).join('\n').toLowerCase();
    return words.every((word) => text.includes(word));
  });
}
