/** Which files of a RocksDB store are its write-ahead log. */

const byNumber = new Intl.Collator('en', { numeric: true })

/** Those of the names, the oldest first: only the last one is still written to. */
export function walFiles(names: readonly string[]): string[] {
  return names.filter((name) => /^\d+\.log$/.test(name)).toSorted(byNumber.compare)
}
