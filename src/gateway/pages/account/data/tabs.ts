/** The links between the pages of "My data". */
import { html } from 'hono/html'
import { dataPath } from '#src/gateway/pages/account/data/paths.ts'
import { dataTexts } from '#src/gateway/pages/account/data/texts.ts'
import type { Section } from '#src/gateway/pages/account/section.ts'
import type { Html, RenderContext } from '#src/gateway/pages/shell.ts'

const tabs = [
  ['', 'records'],
  ['/files', 'files'],
  ['/export', 'export'],
  ['/activity', 'activity'],
] as const

type Tab = (typeof tabs)[number][0]

/** What all sections of these pages have. */
export const inMyData = { title: 'data', within: '/data' } as const satisfies Partial<Section>

export function dataTabs(context: RenderContext, current: Tab): Html {
  const { text } = dataTexts(context)
  const links = tabs.map(([path, label]) => {
    const state = path === current ? html` aria-current="page"` : ''
    return html`<li><a href="${dataPath}${path}"${state}>${text(label)}</a></li>`
  })
  return html`<nav class="tabs" aria-label="${text('parts')}"><ul>${links}</ul></nav>`
}
