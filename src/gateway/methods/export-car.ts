/** A CAR file that an account exports, as a stream which gives up the export when the client leaves. */
import type { Reader } from '#src/account/access.ts'
import type { RemoteAccount } from '#src/engine/dispatch.ts'
import { networkOf } from '#src/gateway/http/client-address.ts'
import type { ClientInfoSource } from '#src/gateway/http/client-info.ts'
import type { ServerContext } from '#src/gateway/xrpc/server-context.ts'

interface Page {
  bytes: Uint8Array
  done: boolean
}

type ExportCalls = Pick<RemoteAccount, 'sync'>

/** Reads the first page before it resolves, so that a refusal becomes an error response. */
export async function exportCar(
  account: ExportCalls,
  params: { since?: string; from?: string | undefined },
  reader: Reader,
): Promise<ExportStream> {
  const { id, first } = await account.sync.openExport({ ...params, first: true }, reader)
  // An account of an older release does not know `first`.
  return new ExportStream(account, id, first ?? (await account.sync.readExport({ id, n: 0 })))
}

/** What counts as one client for the limits of exports; undefined if there is no socket. */
export function exporterOf(
  { addressOf }: Pick<ServerContext, 'addressOf'>,
  incoming: ClientInfoSource | undefined,
): string | undefined {
  return incoming && networkOf(addressOf(incoming))
}

/** Not a generator: one whose first page is never asked for could not close anything. */
export class ExportStream implements AsyncIterableIterator<Uint8Array> {
  readonly #account: ExportCalls
  readonly #id: string
  #next: Promise<Page> | undefined
  #n = 0
  #closed = false

  constructor(account: ExportCalls, id: string, first: Page) {
    this.#account = account
    this.#id = id
    this.#next = Promise.resolve(first)
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  async next(): Promise<IteratorResult<Uint8Array>> {
    if (this.#next === undefined) return { done: true, value: undefined }
    try {
      const { bytes, done } = await this.#next
      this.#next = done || this.#closed ? undefined : this.#readAhead()
      return { done: false, value: bytes }
    } catch (error) {
      this.#close()
      throw error
    }
  }

  async return(): Promise<IteratorResult<Uint8Array>> {
    if (this.#next !== undefined) this.#close()
    return { done: true, value: undefined }
  }

  #readAhead(): Promise<Page> {
    this.#n++
    const page = this.#account.sync.readExport({ id: this.#id, n: this.#n })
    // The consumer may stop before it awaits the page; its rejection must not stay unhandled.
    page.catch(() => {})
    return page
  }

  #close(): void {
    this.#next = undefined
    this.#closed = true
    // If it fails, the account closes the export after a while.
    this.#account.sync.closeExport({ id: this.#id }).catch(() => {})
  }
}
