/** An area: pages with one navigation, such as those of a group, that the same callers may see. */
import type { Context } from 'hono'
import type { Form } from '#src/gateway/pages/form.ts'
import type { Fragment } from '#src/gateway/pages/live/fragments.ts'
import type { LivePage } from '#src/gateway/pages/live/page-streams.ts'
import type { PageSession } from '#src/gateway/pages/page-session.ts'
import type { Html, NavItem, Note } from '#src/gateway/pages/shell.ts'
import type { Env } from '#src/gateway/xrpc/xrpc-call.ts'

type C = Context<Env>

/** The caller of a page, and what the page is about. Made for each request. */
export interface Visit {
  session: PageSession
  /** Of the account that is signed in. */
  owner: string
  /** The path of this area's pages, such as `/groups/alice.example.com`. */
  base: string
  /** Beside the navigation. */
  label: Html | string
}

export interface Shown {
  body: Html
  /** Beside the title. */
  actions?: Html
  wide?: boolean
  /** The page has cells that change while it is open. */
  isLive?: boolean
}

/** The page again, also with a note; another page of this server, something that is shown once, or a response of its own. */
export type ActionResult =
  | undefined
  | { note: Note }
  | { goTo: string }
  | { once: Html }
  | { response: Response }

export type Action<V> = (visit: V, form: Form, c: C) => Promise<ActionResult>

export interface AreaPage<V> {
  /** Below the area's path; empty for its first page. It may have parameters. */
  path: string
  title(visit: V): string
  /** False for a page that is not in the navigation. */
  isInNav?: boolean
  badge?(visit: V): string | undefined
  /** Whether this visitor may see the page; if it is absent, everyone may. */
  isFor?(visit: V): boolean
  /** Throws an XrpcError. */
  show(visit: V, c: C, note: Note | undefined): Promise<Shown>
  /** By their path below the page's. */
  actions?: Readonly<Record<string, Action<V>>>
  live?: {
    fragments(visit: V, c: C): Promise<readonly Fragment[]>
    /** The events that the page follows; without them it is rendered again at intervals. */
    source?(visit: V): Promise<LivePage['source']>
    everyMs?: number
  }
}

export interface Area<V extends Visit> {
  /** With a parameter for what the area is about, such as `/groups/:group`. */
  path: string
  pages: readonly AreaPage<V>[]
  /** Throws 401, and 403 or 404 if the signed-in account has no access. */
  visit(c: C, session: PageSession): Promise<V>
  /** Another navigation than the one of its pages. */
  nav?(visit: V): { label: Html | string; items: readonly NavItem[] }
}
