/** The section on moves: to another server, back to this one, and one that is under way. */
import type { Section, Visit } from '#src/gateway/pages/account/section.ts'
import type { Form } from '#src/gateway/pages/form.ts'
import {
  isMoving,
  type MoveVisit,
  moveForms,
  moveFragments,
  showMove,
} from '#src/gateway/pages/move/move-page.ts'
import { moveTexts } from '#src/gateway/pages/move/texts.ts'

export const moveSection: Section = {
  path: '/move',
  title: 'move',
  show: (visit, note) => showMove(moveVisitOf(visit), note),
  live: {
    everyMs: 1_000,
    isFor: (visit) => isMoving(moveVisitOf(visit)),
    fragments: (visit) => moveFragments(moveVisitOf(visit)),
  },
  forms: Object.fromEntries(
    Object.entries(moveForms).map(([name, run]) => [
      name,
      (visit: Visit, form: Form) => run(moveVisitOf(visit), form),
    ]),
  ),
}

function moveVisitOf({ c, context, session, did, name, account }: Visit): MoveVisit {
  return {
    ...{ c, context, session, did, name, texts: moveTexts(session) },
    ...{ path: '/account/move', deletePath: '/account/delete' },
    async describe() {
      const found = (await account.oauth.describe())?.account
      return found && { status: found.status, email: found.email ?? '' }
    },
  }
}
