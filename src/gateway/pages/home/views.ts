/** The status, the page at the host of a handle, and the error pages. */
import { html } from 'hono/html'
import type { StorageHealth } from '#src/gateway/operator/health.ts'
import { badge, facts } from '#src/gateway/pages/blocks.ts'
import type { HomeContext } from '#src/gateway/pages/home/texts.ts'
import type { Page } from '#src/gateway/pages/shell.ts'

export interface Status {
  isServing: boolean
  storage: StorageHealth
}

export function statusView({ texts }: HomeContext, { isServing, storage }: Status): Page {
  const parts = [
    ['signingIn', isServing],
    ['writing', storage.accountDb && storage.writable],
    ['files', storage.blobs],
    ['network', storage.sequencerDb && storage.complete],
  ] as const
  const isGood = parts.every(([, works]) => works)
  const rows = parts.map(([name, works]) => {
    const state = works
      ? badge(texts.text('worksPart'), 'good')
      : badge(texts.text('failsPart'), 'bad')
    return [texts.text(name), state] as const
  })
  const help = isGood ? '' : html`<p class="lead">${texts.text('failsHelp')}</p>`
  const body = html`${help}<div class="states">${facts(rows)}</div>
<p class="links"><a href="/">${texts.text('home')}</a></p>`
  return { title: { text: texts.text(isGood ? 'works' : 'fails') }, body, layout: 'landing' }
}

/** At `alice.example.com`, the host by which her handle is resolved. */
export function handleView(
  { texts }: HomeContext,
  input: { handle: string; did: string; homeUrl: string; profileUrl: string | undefined },
): Page {
  const { handle, did, homeUrl, profileUrl } = input
  const profile =
    profileUrl === undefined
      ? ''
      : html`<a class="button" href="${profileUrl}">${texts.text('openProfile')}</a>`
  const body = html`<p class="lead"><b>@${handle}</b> ${texts.text('accountHere')}</p>
${facts([[texts.text('did'), html`<code>${did}</code>`]])}
<div class="actions">${profile}</div>
<p class="links"><span>${texts.text('isYou')}</span> <a href="${homeUrl}/account">${texts.text('signIn')}</a> <a href="${homeUrl}/">${texts.text('home')}</a></p>`
  return { title: { text: `@${handle}` }, body, layout: 'landing' }
}

export function noAccountView(
  { texts }: HomeContext,
  { handle, homeUrl }: { handle: string; homeUrl: string },
): Page {
  const body = html`<p class="lead">${texts.text('noAccountHelp', { handle })}</p>
<a class="button wide" href="${homeUrl}/">${texts.text('home')}</a>`
  return { title: { text: texts.text('noAccount') }, body, narrow: true, status: 404 }
}

/** For 404 and for 500. */
export function errorView({ texts }: HomeContext, status: number): Page {
  const [title, help] =
    status === 404 ? (['notFound', 'notFoundHelp'] as const) : (['broken', 'brokenHelp'] as const)
  const body = html`<p class="lead">${texts.text(help)}</p>
<a class="button wide" href="/">${texts.text('home')}</a>`
  return { title: { text: texts.text(title) }, body, narrow: true, status }
}
