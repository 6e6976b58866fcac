/** The name, the logo and the links of the operator, or of the account's tenant, on a page. */
import { html } from 'hono/html'
import type { Html, RenderContext } from '#src/gateway/pages/shell.ts'
import type { Branding } from '#src/gateway/pages/style.ts'

export function serverName({ name = 'PDS' }: Branding): string {
  return name
}

export function brand(branding: Branding): Html {
  const name = serverName(branding)
  const content =
    branding.logo === undefined ? name : html`<img src="${branding.logo}" alt="${name}">`
  return html`<div class="brand">${content}</div>`
}

const linkKinds = ['canonical', 'terms-of-service', 'privacy-policy', 'help'] as const

/** Links with a known `rel` have translated labels. */
export function operatorLinks({ branding, messages }: RenderContext): Html | '' {
  const { links: all = [] } = branding
  if (all.length === 0) return ''
  return html`<div class="links">${all.map(({ href, rel }) => {
    const kind = linkKinds.find((known) => known === rel)
    return html`<a href="${href}" rel="${rel ?? ''}">${kind === undefined ? href : messages.text(kind)}</a> `
  })}</div>`
}
