/** Times as the lexicons have them. */
export function isoTime(ms: number): string {
  return new Date(ms).toISOString()
}
