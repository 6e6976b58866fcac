/** The text by which people know a record. */
const fields = ['text', 'title', 'name', 'displayName', 'description', 'subject'] as const
const MAX_SHOWN = 120

export function previewOf(value: unknown): string {
  const record = (value ?? {}) as Record<string, unknown>
  const texts = fields.map((name) => record[name])
  // Likes and reposts have a strong reference.
  const { uri } = (record['subject'] ?? {}) as { uri?: unknown }
  const found = [...texts, uri, record['$type']].find(
    (one) => typeof one === 'string' && one !== '',
  )
  return String(found ?? '').slice(0, MAX_SHOWN) || '…'
}
