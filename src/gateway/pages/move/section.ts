/** The section on moves: to another server, back to this one, and one that is under way. */
import type { Section, Visit } from '#src/gateway/pages/account/section.ts'
import type { Form } from '#src/gateway/pages/form.ts'
import { moveTexts } from '#src/gateway/pages/move/texts.ts'
import {
  isMoving,
  moveForms,
  moveFragments,
  showMove,
  type Walk,
} from '#src/gateway/pages/move/walk.ts'

export const moveSection: Section = {
  path: '/move',
  title: 'move',
  show: (visit, note) => showMove(walkOf(visit), note),
  live: {
    everyMs: 1_000,
    isFor: (visit) => isMoving(walkOf(visit)),
    fragments: (visit) => moveFragments(walkOf(visit)),
  },
  forms: Object.fromEntries(
    Object.entries(moveForms).map(([name, run]) => [
      name,
      (visit: Visit, form: Form) => run(walkOf(visit), form),
    ]),
  ),
}

function walkOf({ c, context, session, did, name, account }: Visit): Walk {
  return {
    ...{ c, context, session, did, name, texts: moveTexts(session) },
    ...{ path: '/account/move', deletePath: '/account/delete' },
    async describe() {
      const found = (await account.oauth.describe())?.account
      return found && { status: found.status, email: found.email ?? '' }
    },
  }
}
