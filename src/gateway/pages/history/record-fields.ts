/** Records as people read them: their fields, and which of them changed. */
import { html } from 'hono/html'
import { table } from '#src/gateway/pages/blocks.ts'
import type { HistoryMessages } from '#src/gateway/pages/history/texts.ts'
import type { Html } from '#src/gateway/pages/shell.ts'

/** For each record; a page has several. */
const MAX_FIELDS = 8
/** Characters. */
const MAX_SHOWN = 240

/** A record, or what is known of it; undefined for none. */
export type RecordValue = { value?: unknown } | undefined

/** One column of values, or two if the record was there before and after. */
export function changeTable(
  text: HistoryMessages['text'],
  { label, before, after }: { label: string; before: RecordValue; after: RecordValue },
): Html {
  const [old, now] = [fieldsOf(before?.value), fieldsOf(after?.value)]
  if (isGone(before) || isGone(after)) return html`<p class="muted">${text('gone')}</p>`
  const isUpdate = before !== undefined && after !== undefined
  const names = [...new Set([...old.keys(), ...now.keys()])].filter(
    (name) => old.get(name) !== now.get(name),
  )
  const rows = names.slice(0, MAX_FIELDS).map((name) => {
    const values = isUpdate ? [old.get(name), now.get(name)] : [now.get(name) ?? old.get(name)]
    return [name, ...values.map((value = '–') => value.slice(0, MAX_SHOWN))]
  })
  const more = names.length - rows.length
  const head = isUpdate
    ? [text('field'), text('before'), text('after')]
    : [text('field'), text('value')]
  return html`${table({ label, head, rows, empty: text('sameFields') })}${more > 0 ? html`<p class="muted">${text('more', { n: more })}</p>` : ''}`
}

function isGone(record: RecordValue): boolean {
  return record !== undefined && record.value === undefined
}

/** The fields of nested objects by their path; lists as JSON. */
export function fieldsOf(value: unknown): Map<string, string> {
  const fields = new Map<string, string>()
  const add = (name: string, one: unknown, depth: number) => {
    if (isObject(one) && depth < 2) {
      for (const [key, inner] of Object.entries(one)) {
        add(name === '' ? key : `${name}.${key}`, inner, depth + 1)
      }
    } else if (name !== '$type') {
      fields.set(name, typeof one === 'string' ? one : (JSON.stringify(one) ?? ''))
    }
  }
  if (isObject(value)) add('', value, 0)
  return fields
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
