/** The section on archives of an account in a bucket of its owner's. */
import { html } from 'hono/html'
import type { Section, Visit } from '#src/gateway/pages/account/section.ts'
import {
  type ArchivesVisit,
  archiveForms,
  archiveFragments,
  countedForms,
  isArchiving,
  showArchives,
} from '#src/gateway/pages/archives/archives-page.ts'
import { archiveTexts } from '#src/gateway/pages/archives/texts.ts'
import { card } from '#src/gateway/pages/blocks.ts'
import type { Form } from '#src/gateway/pages/form.ts'
import { PAGE } from '#src/rules/commit-clients.ts'

export const archivesSection: Section = {
  path: '/archives',
  title: 'archives',
  counted: countedForms,

  async show(visit, note) {
    const { text } = archiveTexts(visit.session)
    const link = html`<a class="button quiet" href="/account/data/export">${text('downloadLink')}</a>`
    return html`${await showArchives(archivesOf(visit), note)}
${card(text('download'), link, { help: text('downloadHelp') })}`
  },

  live: {
    everyMs: 2_000,
    isFor: (visit) => isArchiving(archivesOf(visit)),
    fragments: (visit) => archiveFragments(archivesOf(visit)),
  },

  forms: Object.fromEntries(
    Object.entries(archiveForms).map(([name, run]) => [
      name,
      (visit: Visit, form: Form) => run(archivesOf(visit), form),
    ]),
  ),
}

function archivesOf({ account, client, context, did, session }: Visit): ArchivesVisit {
  const by = {
    ...{ did, client: PAGE },
    ...(client.ip !== undefined && { ip: client.ip }),
    ...(client.userAgent !== undefined && { userAgent: client.userAgent }),
  }
  return {
    ...{ context, session, did, path: '/account/archives', text: archiveTexts(session).text },
    async note(action, detail) {
      await account.archive.noteChange({
        ...{ by, action },
        ...(detail !== undefined && { detail }),
      })
    },
  }
}
