/** An event of `headwater tail` as a line of text. */

/** The payload of a message in the framing `xrpc.v1.json`, of Jetstream or of dev.headwater.realtime. */
export interface EventPayload {
  /** `<nsid>#<kind>`. */
  $type: string
  seq?: number
  did?: string
  time?: string
  [field: string]: unknown
}

export function kindOf({ $type }: EventPayload): string {
  return $type.slice($type.indexOf('#') + 1)
}

/** Said elsewhere in the line, or too long for it. */
const omitted = ['blocks', 'seq', 'time']

/** Time, account, kind, and what is particular to the kind. */
export function eventLine(event: EventPayload): string {
  const { $type: _, seq: _seq, did, time, ...fields } = event
  const kind = kindOf(event)
  const what = kind === 'commit' ? commitText(fields) : fieldsText(fields, did)
  const line = [time, did, kind, what].filter(Boolean).join('  ')
  // Values come from users and must not control the terminal.
  return line.replace(/\p{Cc}/gu, '�')
}

function commitText(fields: Record<string, unknown>): string {
  const { operation, collection, rkey, record } = fields
  const path = `${operation} ${collection}/${rkey}`
  return record === undefined ? path : `${path}  ${JSON.stringify(record)}`
}

function fieldsText(fields: Record<string, unknown>, did: unknown): string {
  return Object.entries(fields)
    .flatMap(([name, value]) => (isPlainObject(value) ? Object.entries(value) : [[name, value]]))
    .filter(([name, value]) => !(name === 'did' && value === did) && !omitted.includes(`${name}`))
    .map(([name, value]) => `${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`)
    .join(' ')
}

function isPlainObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
