/** The page of a move and its forms: of an account by its owner, or of a group by one of its owners. */
import type { Context } from 'hono'
import { html } from 'hono/html'
import type { Form } from '#src/gateway/pages/form.ts'
import type { Fragment } from '#src/gateway/pages/live/fragments.ts'
import { countAttempt } from '#src/gateway/pages/move/count-attempts.ts'
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

/** One request. */
export interface Walk {
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
  /** The owner of a group that moves it. Throws 403 if it is none any more. */
  owner?(): Promise<ActingMember>
}

/** A note on the page, or what to go on with. */
type Outcome = Note | Response

/** Each may be a guess of a password, or asks another server. */
const counted = {
  password: 'com.atproto.server.createSession',
  account: 'com.atproto.server.createAccount',
  request: 'com.atproto.identity.refreshIdentity',
} as const

export async function showMove(walk: Walk, note: Note | undefined): Promise<Html> {
  const found = await walk.context.migrations.find(walk.did)
  if (found !== null) return html`<div data-cell="move">${currentMove(walk, found, note)}</div>`
  return beginning(walk, note)
}

/** Whether it goes on without its owner. */
export async function isMoving({ context, did }: Walk): Promise<boolean> {
  const found = await context.migrations.find(did)
  return found !== null && isUnderWay(found)
}

export async function moveFragments(walk: Walk): Promise<Fragment[]> {
  const found = await walk.context.migrations.find(walk.did)
  return found === null ? [] : [{ cell: 'move', html: currentMove(walk, found, undefined) }]
}

/** By their path below the page's. Each throws 429, and 403 as `owner` does. */
export const moveForms = {
  out: async (walk, form) => {
    const { did, c, context, name } = walk
    await count(walk, 'account')
    const by = await ownerOf(walk)
    const address = c.req.query('server') ?? ''
    const begin = () => {
      return context.migrations.beginOut(did, address, newAccountOf(form, name), ...by)
    }
    return run(walk, begin, { passwordField: null })
  },
  back: async (walk, form) => {
    await count(walk, 'password')
    const by = await ownerOf(walk)
    const { migrations } = walk.context
    return run(walk, () => migrations.bringBack(walk.did, oldCredentialsOf(form), ...by))
  },
  'sign-in': async (walk, form) => {
    await count(walk, 'password')
    const by = await ownerOf(walk)
    const { migrations } = walk.context
    return run(walk, () => migrations.signInAgain(walk.did, oldCredentialsOf(form), ...by))
  },
  continue: (walk) => run(walk, async () => walk.context.migrations.start(walk.did)),
  again: (walk) => run(walk, () => walk.context.migrations.copyAgain(walk.did)),
  send: async (walk) => {
    await count(walk, 'request')
    const { did, context, texts } = walk
    const by = await ownerOf(walk)
    const found = await context.migrations.find(did)
    const from = found?.direction === 'in' ? found.server : context.server.service.publicUrl
    const outcome = await run(walk, () => context.migrations.sendCode(did, ...by))
    if (!(outcome instanceof Response)) return outcome
    return { text: texts.text('codeSent', { server: hostOf(from) }) }
  },
  confirm: async (walk, { code = '' }) => {
    const by = await ownerOf(walk)
    return run(walk, () => walk.context.migrations.confirm(walk.did, code.trim(), ...by))
  },
  cancel: async (walk) => {
    const by = await ownerOf(walk)
    return run(walk, () => walk.context.migrations.cancel(walk.did, ...by))
  },
} satisfies Record<string, (walk: Walk, form: Form) => Promise<Outcome>>

/** The last argument of a call for a group. */
async function ownerOf({ owner }: Walk): Promise<[by?: ActingMember]> {
  return owner === undefined ? [] : [await owner()]
}

function count({ context, c, did }: Walk, what: keyof typeof counted): Promise<void> {
  return countAttempt(context, c, counted[what], did)
}

/** Shows the move again, or why it does not go on. */
async function run(
  { session, texts, c, path }: Walk,
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

async function beginning(walk: Walk, note: Note | undefined): Promise<Html> {
  const { did, name, context, c } = walk
  const { migrations } = context
  const shown = await walk.describe()
  const view = contextOf(walk, note)
  if (shown?.status === 'deactivated') {
    const elsewhere = await migrations.movedTo(did)
    if (elsewhere !== undefined) return bringBackView(view, elsewhere)
  }
  const typed = c.req.query('server') ?? ''
  if (typed === '') return chooseServerView(view, '')
  try {
    await count(walk, 'request')
    const server = await migrations.describe(typed)
    const label = name.split('.')[0] ?? ''
    return newAccountView(view, server, { name: label, email: shown?.email ?? '' })
  } catch (error) {
    const refused = refusalOf({ ...walk.session, texts: view.texts }, error)
    return chooseServerView({ ...view, note: { ...refused, field: 'server' } }, typed)
  }
}

function currentMove(walk: Walk, found: Migration, note: Note | undefined): Html {
  const { did, name, context } = walk
  const { migrations } = context
  const isCut = !found.isRunning && isUnderWay(found)
  // The process that worked on it has ended.
  if (isCut) migrations.start(did)
  const shown = isCut ? { ...found, isRunning: true } : found
  return moveView(contextOf(walk, note), { move: shown, handle: name })
}

function isUnderWay(move: Migration): boolean {
  return move.isRunning || isUnfinished(move)
}

function contextOf(walk: Walk, note: Note | undefined): MoveContext {
  const { session, texts, path, deletePath, context } = walk
  const here = context.server.service.publicUrl
  return { session, texts, note, here, path, ...(deletePath !== undefined && { deletePath }) }
}
