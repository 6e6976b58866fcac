/** The page of a move and its forms: for the owner of an account, or for an owner of a group. */
import type { Context } from 'hono'
import { html } from 'hono/html'
import { countAttempt } from '#src/gateway/pages/count-attempts.ts'
import type { Form } from '#src/gateway/pages/form.ts'
import type { Fragment } from '#src/gateway/pages/live/fragments.ts'
import { newAccountOf, oldCredentialsOf } from '#src/gateway/pages/move/forms.ts'
import { refusalOf } from '#src/gateway/pages/move/refusals.ts'
import type { MoveMessages } from '#src/gateway/pages/move/texts.ts'
import {
  bringBackView,
  chooseServerView,
  hostOf,
  type MoveContext,
  moveView,
  newAccountView,
} from '#src/gateway/pages/move/views.ts'
import type { PageContext } from '#src/gateway/pages/page-context.ts'
import type { PageSession } from '#src/gateway/pages/page-session.ts'
import type { Html, Note } from '#src/gateway/pages/shell.ts'
import type { Env } from '#src/gateway/xrpc/xrpc-call.ts'
import type { ActingMember } from '#src/rules/acting-member.ts'
import { isUnfinished, type Migration } from '#src/rules/migrations.ts'

/** A request of the page or of one of its forms. */
export interface MoveVisit {
  c: Context<Env>
  context: Pick<PageContext, 'migrations' | 'rateLimits' | 'server'>
  session: PageSession
  /** Of the account that moves. */
  did: string
  name: string
  texts: MoveMessages
  /** Of the page. */
  path: string
  /** Of the page that deletes an account that has left. */
  deletePath?: string
  /** Of the account here. */
  describe(): Promise<{ status: string; email: string } | undefined>
  /** The owner that moves a group. Throws 403 for a member that is no longer an owner. */
  owner?(): Promise<ActingMember>
}

/** A note for the page, or a response instead of it. */
type Outcome = Note | Response

/** The methods that forms count as: each may be a guess of a password, or calls another server. */
const counted = {
  password: 'com.atproto.server.createSession',
  account: 'com.atproto.server.createAccount',
  request: 'com.atproto.identity.refreshIdentity',
} as const

export async function showMove(visit: MoveVisit, note: Note | undefined): Promise<Html> {
  const found = await visit.context.migrations.find(visit.did)
  if (found !== null) return html`<div data-cell="move">${currentMove(visit, found, note)}</div>`
  return beginning(visit, note)
}

/** Whether it goes on without its owner. */
export async function isMoving({ context, did }: MoveVisit): Promise<boolean> {
  const found = await context.migrations.find(did)
  return found !== null && isUnderWay(found)
}

export async function moveFragments(visit: MoveVisit): Promise<Fragment[]> {
  const found = await visit.context.migrations.find(visit.did)
  return found === null ? [] : [{ cell: 'move', html: currentMove(visit, found, undefined) }]
}

/** By their path below that of the page. Each throws 429, and 403 as `owner`. */
export const moveForms = {
  out: async (visit, form) => {
    const { did, c, context, name } = visit
    await count(visit, 'account')
    const by = await ownerOf(visit)
    const address = c.req.query('server') ?? ''
    const begin = () => {
      return context.migrations.beginOut(did, address, newAccountOf(form, name), ...by)
    }
    return run(visit, begin, { passwordField: null })
  },
  back: async (visit, form) => {
    await count(visit, 'password')
    const by = await ownerOf(visit)
    const { migrations } = visit.context
    return run(visit, () => migrations.bringBack(visit.did, oldCredentialsOf(form), ...by))
  },
  'sign-in': async (visit, form) => {
    await count(visit, 'password')
    const by = await ownerOf(visit)
    const { migrations } = visit.context
    return run(visit, () => migrations.signInAgain(visit.did, oldCredentialsOf(form), ...by))
  },
  continue: (visit) => run(visit, async () => visit.context.migrations.start(visit.did)),
  again: (visit) => run(visit, () => visit.context.migrations.copyAgain(visit.did)),
  send: async (visit) => {
    await count(visit, 'request')
    const { did, context, texts } = visit
    const by = await ownerOf(visit)
    const found = await context.migrations.find(did)
    const from = found?.direction === 'in' ? found.server : context.server.service.publicUrl
    const outcome = await run(visit, () => context.migrations.sendCode(did, ...by))
    if (!(outcome instanceof Response)) return outcome
    return { text: texts.text('codeSent', { server: hostOf(from) }) }
  },
  confirm: async (visit, { code = '' }) => {
    const by = await ownerOf(visit)
    return run(visit, () => visit.context.migrations.confirm(visit.did, code.trim(), ...by))
  },
  cancel: async (visit) => {
    const by = await ownerOf(visit)
    return run(visit, () => visit.context.migrations.cancel(visit.did, ...by))
  },
} satisfies Record<string, (visit: MoveVisit, form: Form) => Promise<Outcome>>

/** The last argument of a call for a group. */
async function ownerOf({ owner }: MoveVisit): Promise<[by?: ActingMember]> {
  return owner === undefined ? [] : [await owner()]
}

function count({ context, c, did }: MoveVisit, what: keyof typeof counted): Promise<void> {
  return countAttempt(context, c, counted[what], did)
}

/** Shows the move again, or why it does not go on. */
async function run(
  { session, texts, c, path }: MoveVisit,
  work: () => Promise<void>,
  fields: { passwordField?: string | null } = {},
): Promise<Outcome> {
  try {
    await work()
  } catch (error) {
    return refusalOf({ ...session, texts }, error, fields)
  }
  return c.redirect(path, 303)
}

async function beginning(visit: MoveVisit, note: Note | undefined): Promise<Html> {
  const { did, name, context, c } = visit
  const { migrations } = context
  const shown = await visit.describe()
  const view = contextOf(visit, note)
  if (shown?.status === 'deactivated') {
    const elsewhere = await migrations.movedTo(did)
    if (elsewhere !== undefined) return bringBackView(view, elsewhere)
  }
  const typed = c.req.query('server') ?? ''
  if (typed === '') return chooseServerView(view, '')
  try {
    await count(visit, 'request')
    const server = await migrations.describe(typed)
    const label = name.split('.')[0] ?? ''
    return newAccountView(view, server, { name: label, email: shown?.email ?? '' })
  } catch (error) {
    const refused = refusalOf({ ...visit.session, texts: view.texts }, error)
    return chooseServerView({ ...view, note: { ...refused, field: 'server' } }, typed)
  }
}

function currentMove(visit: MoveVisit, found: Migration, note: Note | undefined): Html {
  const { did, name, context } = visit
  const { migrations } = context
  const isCut = !found.isRunning && isUnderWay(found)
  // The process that worked on it has ended.
  if (isCut) migrations.start(did)
  const shown = isCut ? { ...found, isRunning: true } : found
  return moveView(contextOf(visit, note), { move: shown, handle: name })
}

function isUnderWay(move: Migration): boolean {
  return move.isRunning || isUnfinished(move)
}

function contextOf(visit: MoveVisit, note: Note | undefined): MoveContext {
  const { session, texts, path, deletePath, context } = visit
  const here = context.server.service.publicUrl
  return { session, texts, note, here, path, ...(deletePath !== undefined && { deletePath }) }
}
