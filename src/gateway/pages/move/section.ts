/** The section on moves: to another server, back to this one, and one that is under way. */
import { html } from 'hono/html'
import type { Outcome, Section, Visit } from '#src/gateway/pages/account/section.ts'
import { countAttempt } from '#src/gateway/pages/move/count-attempts.ts'
import { newAccountOf, oldCredentialsOf } from '#src/gateway/pages/move/forms.ts'
import { refusalOf } from '#src/gateway/pages/move/refusals.ts'
import { moveTexts } from '#src/gateway/pages/move/texts.ts'
import {
  bringBackView,
  chooseServerView,
  hostOf,
  type MoveContext,
  moveView,
  newAccountView,
} from '#src/gateway/pages/move/views.ts'
import type { Html, Note } from '#src/gateway/pages/shell.ts'
import type { Migration } from '#src/rules/migrations.ts'

export const moveSection: Section = {
  path: '/move',
  title: 'move',
  counted: {
    out: 'com.atproto.server.createAccount',
    send: 'com.atproto.identity.refreshIdentity',
  },

  async show(visit, note) {
    const move = await visit.context.migrations.find(visit.did)
    if (move !== null) return html`<div data-cell="move">${currentMove(visit, move, note)}</div>`
    return beginning(visit, note)
  },

  live: {
    everyMs: 1_000,
    async isFor(visit) {
      const move = await visit.context.migrations.find(visit.did)
      return move !== null && isUnderWay(move)
    },
    async fragments(visit) {
      const move = await visit.context.migrations.find(visit.did)
      return move === null ? [] : [{ cell: 'move', html: currentMove(visit, move, undefined) }]
    },
  },

  forms: {
    out: async (visit, form) => {
      const { did, c, context } = visit
      const begin = () => {
        const account = newAccountOf(form, visit.name)
        return context.migrations.beginOut(did, c.req.query('server') ?? '', account)
      }
      return move(visit, begin, { passwordField: 'new-password' })
    },
    back: (visit, form) =>
      move(visit, async () => {
        await countAttempt(visit.context, visit.c, 'createSession', visit.did)
        await visit.context.migrations.bringBack(visit.did, oldCredentialsOf(form))
      }),
    'sign-in': (visit, form) =>
      move(visit, async () => {
        await countAttempt(visit.context, visit.c, 'createSession', visit.did)
        await visit.context.migrations.signInAgain(visit.did, oldCredentialsOf(form))
      }),
    continue: async (visit) => move(visit, async () => visit.context.migrations.start(visit.did)),
    again: async (visit) => move(visit, () => visit.context.migrations.copyAgain(visit.did)),
    send: async (visit) => {
      const { did, context } = visit
      const found = await context.migrations.find(did)
      const from = found?.direction === 'in' ? found.server : context.server.service.publicUrl
      const refused = await move(visit, () => context.migrations.sendCode(did))
      if (refused !== undefined && !(refused instanceof Response)) return refused
      return { text: moveTexts(visit.session).text('codeSent', { server: hostOf(from) }) }
    },
    confirm: async (visit, { code = '' }) =>
      move(visit, () => visit.context.migrations.confirm(visit.did, code.trim())),
    cancel: async (visit) => move(visit, () => visit.context.migrations.cancel(visit.did)),
  },
}

/** Shows the move again, or why it does not go on. */
async function move(
  visit: Visit,
  work: () => Promise<void>,
  fields: { passwordField?: string } = {},
): Promise<Outcome> {
  const { session } = visit
  const texts = moveTexts(session)
  try {
    await work()
  } catch (error) {
    return refusalOf({ ...session, texts }, error, fields)
  }
  return visit.c.redirect('/account/move', 303)
}

async function beginning(visit: Visit, note: Note | undefined): Promise<Html> {
  const { account, did, name, context, c } = visit
  const { migrations } = context
  const shown = (await account.oauth.describe())?.account
  const view = contextOf(visit, note)
  if (shown?.status === 'deactivated') {
    const elsewhere = await migrations.movedTo(did)
    if (elsewhere !== undefined) return bringBackView(view, elsewhere)
  }
  const typed = c.req.query('server') ?? ''
  if (typed === '') return chooseServerView(view, '')
  try {
    const server = await migrations.describe(typed)
    const label = name.split('.')[0] ?? ''
    return newAccountView(view, server, { name: label, email: shown?.email ?? '' })
  } catch (error) {
    const refused = refusalOf({ ...visit.session, texts: view.texts }, error)
    return chooseServerView({ ...view, note: refused }, typed)
  }
}

function currentMove(visit: Visit, found: Migration, note: Note | undefined): Html {
  const { did, name, context } = visit
  const { migrations } = context
  const isCut = !found.isRunning && isUnderWay(found)
  // The process that worked on it has ended.
  if (isCut) migrations.start(did)
  const shown = isCut ? { ...found, isRunning: true } : found
  return moveView(contextOf(visit, note), { move: shown, handle: name })
}

/** Whether it goes on without its owner. */
function isUnderWay({ isRunning, step, error, progress }: Migration): boolean {
  const waits = step === 'done' || (step === 'code' && progress.operation === undefined)
  return isRunning || (error === null && !waits)
}

function contextOf({ session, context }: Visit, note: Note | undefined): MoveContext {
  return { session, texts: moveTexts(session), note, here: context.server.service.publicUrl }
}
