/** A section of the account area: its content and the actions of its forms. */
import type { Context } from 'hono'
import type { ClientInfo } from '#src/account/security-events.ts'
import type { XrpcError } from '#src/errors.ts'
import type { AccountKey, AccountMessages } from '#src/gateway/pages/account/texts.ts'
import type { Form, FormFile } from '#src/gateway/pages/form.ts'
import type { Island } from '#src/gateway/pages/islands.ts'
import type { Fragment } from '#src/gateway/pages/live/fragments.ts'
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

/** The section again, with or without a note, or another page. */
export type Outcome = Note | Response | undefined

export interface Section {
  /** Below /account; empty for the first. */
  path: string
  /** The path of the section that the navigation shows, if it is another one. */
  within?: string
  title: AccountKey
  show(visit: Visit, note: Note | undefined): Promise<Html>
  /** By their path below the section's. Errors are shown as a note. */
  forms?: Readonly<
    Record<string, (visit: Visit, form: Form, file: FormFile | undefined) => Promise<Outcome>>
  >
  /** The methods whose rate limits the forms count against. */
  counted?: Readonly<Record<string, string>>
  /** The text of an error, by its name, if it has one here that says more, and its field: the first that the form has. */
  errors?: Readonly<Record<string, readonly [text: AccountKey | undefined, ...fields: string[]]>>
  /** Instead of `errors`, if it returns a note. */
  explain?(visit: Visit, error: XrpcError): Note | undefined
  /** The note after a form that succeeded; without it, that the change is saved. */
  doneText?(visit: Visit): string
  /** Files, by their path below the section's. */
  downloads?: Readonly<Record<string, (visit: Visit) => Promise<Response>>>
  /** The parts that change while the page is open. */
  live?: {
    isFor(visit: Visit): boolean | Promise<boolean>
    /** Without it they are rendered when the account has an event. */
    everyMs?: number
    fragments(visit: Visit): Promise<readonly Fragment[]>
  }
  islands?: readonly Island[]
  /** Set if the forms have a file. */
  maxFileBytes?: number
}

export function pathOf({ path }: Pick<Section, 'path'>, form = ''): string {
  return `/account${path}${form === '' ? '' : `/${form}`}`
}
