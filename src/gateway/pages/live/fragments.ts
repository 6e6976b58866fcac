/** What a page stream sends: parts of a page as ready HTML, and only those that have changed since they were sent. */
import type { Html } from '#src/gateway/pages/shell.ts'
import { BoundedMap } from '#src/ports/bounded-map.ts'

/** Replaces what is in the cell. */
export interface Patch {
  cell: string
  html: Html | string
}

/** Rows of a list, the newest first; those that the page has already are left out. */
export interface NewRows {
  list: string
  /** Each has its id as `data-id`. */
  rows: readonly { id: string; html: Html | string }[]
}

export type Fragment = Patch | NewRows

const MAX_CELLS = 100

/** Keeps what one page was sent. */
export class SentFragments {
  readonly #cells = new BoundedMap<string, string>(MAX_CELLS)
  readonly #rows = new BoundedMap<string, ReadonlySet<string>>(MAX_CELLS)

  /** The text of the server-sent events; empty if nothing has changed. */
  async changed(fragments: readonly Fragment[]): Promise<string> {
    const texts = fragments.map((one) => ('cell' in one ? this.#patch(one) : this.#prepend(one)))
    return (await Promise.all(texts)).join('')
  }

  async #patch({ cell: target, html }: Patch): Promise<string> {
    const text = String(await html)
    if (this.#cells.get(target) === text) return ''
    this.#cells.set(target, text)
    return event('patch', { target, html: text })
  }

  async #prepend({ list: target, rows: all }: NewRows): Promise<string> {
    const known = this.#rows.get(target)
    this.#rows.set(target, new Set(all.map(({ id }) => id)))
    const fresh = all.filter(({ id }) => !known?.has(id))
    if (fresh.length === 0) return ''
    const rows = await Promise.all(
      fresh.map(async ({ id, html }) => ({ id, html: String(await html) })),
    )
    return event('prepend', { target, rows })
  }
}

/** One line of JSON, which has no line breaks. */
export function event(name: string, data: object | string): string {
  return `event: ${name}\ndata: ${typeof data === 'string' ? data : JSON.stringify(data)}\n\n`
}
