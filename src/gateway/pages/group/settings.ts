/** The settings of a group: profile, ownership, export, leaving and deactivation. */
import { html } from 'hono/html'
import { invalidRequest } from '#src/errors.ts'
import type { Action, AreaPage } from '#src/gateway/pages/area/area.ts'
import { didOf } from '#src/gateway/pages/area/names.ts'
import { card } from '#src/gateway/pages/blocks.ts'
import { actionForm, confirmForm, field, isTyped } from '#src/gateway/pages/form-blocks.ts'
import { groupsPath } from '#src/gateway/pages/group/group-path.ts'
import type { GroupVisit } from '#src/gateway/pages/group/group-visit.ts'
import { groupMoveTexts } from '#src/gateway/pages/move/group/texts.ts'
import { type Html, hiddenFields, type Note } from '#src/gateway/pages/shell.ts'
import * as repo from '#src/protocol/lexicons/com/atproto/repo.ts'
import * as server from '#src/protocol/lexicons/com/atproto/server.ts'
import * as group from '#src/protocol/lexicons/dev/headwater/group.ts'
import { OWNER } from '#src/rules/group-roles.ts'

const PROFILE = 'app.bsky.actor.profile'

interface Profile {
  displayName?: string
  description?: string
}

export const settingsPage: AreaPage<GroupVisit> = {
  path: '/settings',
  title: ({ text }) => text('settings'),
  async show(visit, _, note) {
    const {
      text,
      role,
      manage,
      group: { did },
      session,
      base,
    } = visit
    const isMember = visit.did !== did
    const isOwner = role === OWNER
    const body = html`${await profileCard(visit)}
${isOwner && isMember ? transferCard(visit, note) : ''}
${isMember && !isOwner ? card(text('offered'), actionForm(session, { action: `${base}/settings/accept-ownership`, label: text('acceptOwnership') }), { help: text('offeredHelp') }) : ''}
${isOwner ? exportCard(visit) : ''}
${manage.has('history') ? archivesCard(visit) : ''}
${isOwner ? await moveCard(visit) : ''}
${isMember ? leaveCard(visit, note) : ''}
${stateCard(visit, note)}`
    return { body }
  },
  actions: {
    profile: async (visit, form) => {
      const call = await visit.callAsGroup()
      const { displayName = '', description = '' } = form
      const { value, cid } = await readProfile(visit)
      const { displayName: _, description: __, ...kept } = (value ?? {}) as object & Profile
      await call(repo.putRecord, {
        input: {
          ...{ repo: visit.group.did, collection: PROFILE, rkey: 'self' },
          record: {
            ...{ $type: PROFILE, ...kept },
            ...(displayName !== '' && { displayName }),
            ...(description !== '' && { description }),
          },
          // What another member has changed in the meantime stays.
          swapRecord: cid ?? null,
        },
      })
      return undefined
    },
    transfer: async (visit, form) => {
      mustBeTyped(visit, form)
      const to = await didOf(visit.context.server, form['to'] ?? '')
      await visit.call(group.offerOwnership, { input: { account: visit.group.did, to } })
      return undefined
    },
    'accept-ownership': async ({ call, group: { did: account } }) => {
      await call(group.acceptOwnership, { input: { account } })
      return undefined
    },
    leave: async (visit, form) => {
      mustBeTyped(visit, form)
      await visit.call(group.leave, { input: { account: visit.group.did } })
      return { goTo: groupsPath }
    },
    deactivate: async (visit, form) => {
      mustBeTyped(visit, form)
      await (await visit.callAsGroup())(server.deactivateAccount, { input: {} })
      return undefined
    },
    activate: async (visit) => {
      await (await visit.callAsGroup())(server.activateAccount)
      return undefined
    },
    export: async ({ call, group: { did: account, handle } }) => {
      const pages: object[] = []
      for (let cursor: string | undefined; ; ) {
        const page = await call(group.export, {
          params: { account, ...(cursor !== undefined && { cursor }) },
        })
        pages.push(page)
        cursor = page.cursor
        if (cursor === undefined || pages.length >= MAX_EXPORT_PAGES) break
      }
      const lines = pages.map((page) => `${JSON.stringify(page)}\n`).join('')
      const headers = {
        'content-type': 'application/x-ndjson',
        'content-disposition': `attachment; filename="${handle}.ndjson"`,
        'cache-control': 'no-store',
      }
      return { response: new Response(lines, { headers }) }
    },
  } satisfies Record<string, Action<GroupVisit>>,
}

/** Each has a thousand rows of the audit log. */
const MAX_EXPORT_PAGES = 20

/** Throws 400. */
function mustBeTyped({ group: { handle }, session }: GroupVisit, form: object): void {
  if (isTyped(form as Record<string, string>, handle)) return
  throw invalidRequest(session.messages.text('wronglyTyped'), 'WronglyTyped')
}

async function readProfile({
  call,
  group: { did },
}: GroupVisit): Promise<{ value?: Profile; cid?: string | undefined }> {
  const { records } = await call(repo.listRecords, {
    params: { repo: did, collection: PROFILE, limit: 10 },
  })
  const found = records.find(({ uri }) => uri.endsWith(`/${PROFILE}/self`))
  return found === undefined ? {} : { value: found.value as Profile, cid: found.cid }
}

async function profileCard(visit: GroupVisit): Promise<Html> {
  const {
    text,
    session,
    base,
    group: { status },
  } = visit
  // Records are read of active accounts only.
  if (status !== 'active') return html``
  const { value = {} } = await readProfile(visit)
  const { displayName, description } = value
  return card(
    text('profile'),
    html`<form method="post" action="${base}/settings/profile">${hiddenFields(session)}
${field({ name: 'displayName', label: text('displayName'), value: displayName, maxLength: 64 })}
${field({ name: 'description', label: text('description'), value: description, type: 'area', maxLength: 256 })}
<button>${text('save')}</button></form>`,
  )
}

function transferCard({ text, session, base, group: { handle } }: GroupVisit, note?: Note): Html {
  const form = confirmForm(session, {
    ...{ action: `${base}/settings/transfer`, typed: handle, label: text('offerOwnership'), note },
    before: field({ name: 'to', label: text('handleOrDid'), required: true, maxLength: 300 }),
  })
  return card(text('ownership'), form, { help: text('ownershipHelp'), danger: true })
}

function exportCard({ text, session, base, group: { did } }: GroupVisit): Html {
  const car = `/xrpc/com.atproto.sync.getRepo?${new URLSearchParams({ did })}`
  return card(
    text('export'),
    html`${actionForm(session, { action: `${base}/settings/export`, label: text('exportMembers') })}
<a class="button quiet" href="${car}" download>${text('exportRepo')}</a>`,
    { help: text('exportHelp') },
  )
}

function archivesCard({ text, base }: GroupVisit): Html {
  const link = html`<a class="button quiet" href="${base}/settings/archives">${text('archives')}</a>`
  return card(text('archives'), link, { help: text('archivesHelp') })
}

async function moveCard({ session, base, group: found, context }: GroupVisit): Promise<Html> {
  const { did, status } = found
  const texts = groupMoveTexts(session)
  const isAway = status === 'deactivated' && (await context.migrations.movedTo(did)) !== undefined
  const label = texts.text(isAway ? 'bringBack' : 'moveAway')
  const link = html`<a class="button quiet" href="${base}/settings/move">${label}</a>`
  return card(label, link, isAway ? {} : { help: texts.text('moveAwayHelp') })
}

function leaveCard({ text, session, base, group: { handle } }: GroupVisit, note?: Note): Html {
  const form = confirmForm(session, {
    ...{ action: `${base}/settings/leave`, typed: handle, label: text('leave'), note },
  })
  return card(text('leave'), form, { help: text('leaveHelp'), danger: true })
}

/** For members whose role has a scope for it; the group checks. */
function stateCard(visit: GroupVisit, note?: Note): Html {
  const { text, session, base, group: found, scope } = visit
  const mayManage = visit.did === found.did || scope.includes('account:status?action=manage')
  if (!mayManage) return html``
  if (found.status === 'deactivated') {
    const action = `${base}/settings/activate`
    return card(text('activate'), actionForm(session, { action, label: text('activate') }))
  }
  const form = confirmForm(session, {
    ...{ action: `${base}/settings/deactivate`, typed: found.handle, note },
    label: text('deactivate'),
  })
  return card(text('deactivate'), form, { help: text('deactivateHelp'), danger: true })
}
