/** Writing a post as the group. */
import { ScopePermissions } from '@atproto/oauth-scopes'
import { html } from 'hono/html'
import { invalidRequest, XrpcError } from '#src/errors.ts'
import type { AreaPage } from '#src/gateway/pages/area/area.ts'
import { didOf } from '#src/gateway/pages/area/names.ts'
import { card } from '#src/gateway/pages/blocks.ts'
import { errorText } from '#src/gateway/pages/errors/error-text.ts'
import { field } from '#src/gateway/pages/form-blocks.ts'
import type { GroupVisit } from '#src/gateway/pages/group/group-visit.ts'
import { facetsOf, graphemesOf, MAX_GRAPHEMES } from '#src/gateway/pages/group/post-text.ts'
import { type Html, hiddenFields, noteView } from '#src/gateway/pages/shell.ts'
import * as repo from '#src/protocol/lexicons/com/atproto/repo.ts'
import { isoTime } from '#src/rules/iso-time.ts'

const collection = 'app.bsky.feed.post'

export const newPostPage: AreaPage<GroupVisit> = {
  path: '/content/new',
  title: ({ text }) => text('newPost'),
  isInNav: false,
  // After a refusal the form is shown by the action, with what was typed.
  show: async (visit, c) => ({ body: c.req.method === 'GET' ? form(visit, '') : html`` }),
  actions: {
    publish: async (visit, { text = '' }) => {
      const typed = text.replaceAll('\r\n', '\n').trim()
      try {
        await publish(visit, typed)
      } catch (error) {
        if (!(error instanceof XrpcError) || error.status >= 500) throw error
        const note = { text: errorText(visit.session, error), bad: true }
        return { once: html`${noteView(note)}${form(visit, typed)}` }
      }
      return { goTo: `${visit.base}/content?${new URLSearchParams({ collection, done: '' })}` }
    },
  },
}

/** Throws 400 PostLength, and as createRecord does. */
async function publish(visit: GroupVisit, text: string): Promise<void> {
  const length = graphemesOf(text)
  if (length === 0 || length > MAX_GRAPHEMES) {
    throw invalidRequest(`A post has 1 to ${MAX_GRAPHEMES} characters`, 'PostLength')
  }
  const { context, session } = visit
  const find = (handle: string) => didOf(context.server, handle).catch(() => undefined)
  const facets = await facetsOf(text, find)
  const record = {
    ...{ $type: collection, text, createdAt: isoTime(context.clock.now()) },
    langs: [session.messages.language],
    ...(facets.length > 0 && { facets }),
  }
  const call = await visit.callAsGroup()
  await call(repo.createRecord, { input: { repo: visit.group.did, collection, record } as never })
}

function form({ text, session, base, group: { handle } }: GroupVisit, typed: string): Html {
  const help = text('postTextHelp', { n: MAX_GRAPHEMES })
  return card(
    text('newPost'),
    html`<form method="post" action="${base}/content/new/publish">${hiddenFields(session)}
${field({ name: 'text', label: text('postText'), type: 'area', value: typed, required: true, help })}
<button>${text('publish')}</button></form>`,
    { help: text('newPostHelp', { name: handle }), bare: true },
  )
}

/** A link to the page. */
export function newPostLink({ text, base }: GroupVisit): Html {
  return html`<a class="button" href="${base}/content/new">${text('newPost')}</a>`
}

/** Whether the group is active and the role allows to write posts; the group checks it again. */
export function mayPost({
  did,
  group,
  scope,
}: Pick<GroupVisit, 'did' | 'group' | 'scope'>): boolean {
  if (group.status !== 'active') return false
  return (
    did === group.did || new ScopePermissions(scope).allowsRepo({ action: 'create', collection })
  )
}
