/** A section of the account area: what it shows, and what its forms do. */
import type { Context } from 'hono'
import type { ClientInfo } from '#src/account/security-events.ts'
import type { AccountKey, AccountMessages } from '#src/gateway/pages/account/texts.ts'
import type { Form, FormFile } from '#src/gateway/pages/form.ts'
import type { Owner, PageContext } from '#src/gateway/pages/page-context.ts'
import type { PageSession } from '#src/gateway/pages/page-session.ts'
import type { Html, Note } from '#src/gateway/pages/shell.ts'
import type { Env } from '#src/gateway/xrpc/xrpc-call.ts'

/** One request of an owner. */
export interface Visit {
  c: Context<Env>
  context: PageContext
  session: PageSession
  account: Owner['account']
  did: string
  /** The handle, or the DID of an account without one. */
  name: string
  texts: AccountMessages
  client: ClientInfo
}

/** What a form leads to: the section again, with or without a note, or another page. */
export type Outcome = Note | Response | undefined

export interface Section {
  /** Below /account; empty for the first. */
  path: string
  title: AccountKey
  show(visit: Visit, note: Note | undefined): Promise<Html>
  /** By their path below the section's. What they throw is shown as a note. */
  forms?: Readonly<
    Record<string, (visit: Visit, form: Form, file: FormFile | undefined) => Promise<Outcome>>
  >
  /** The methods whose rate limits the forms count against. */
  counted?: Readonly<Record<string, string>>
  /** What an error says in the owner's language; `{reason}` is its message. */
  errors?: Readonly<Record<string, readonly [text: AccountKey, field?: string]>>
  /** The forms have a file of at most so many bytes. */
  maxFileBytes?: number
}

export function pathOf({ path }: Pick<Section, 'path'>, form = ''): string {
  return `/account${path}${form === '' ? '' : `/${form}`}`
}
