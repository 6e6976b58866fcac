/** Whether a page is accessible, in light and dark, and fits on a phone. */
import axe from 'axe-core'
import type { Page } from 'playwright-core'
import { expect } from 'vitest'

const phone = { width: 390, height: 844 }
const desktop = { width: 1280, height: 800 }

/** Each scheme and each size once; with ALL_SCREENS=1 each with each. */
const screens = process.env['ALL_SCREENS']
  ? [phone, desktop].flatMap((size) => [
      { size, scheme: 'light' as const },
      { size, scheme: 'dark' as const },
    ])
  : [
      { size: phone, scheme: 'light' as const },
      { size: desktop, scheme: 'dark' as const },
    ]

/** The page must bypass its CSP. Throws unless it passes axe in both colour schemes, on a phone and at a desk. */
export async function mustBeGood(page: Page, name: string): Promise<void> {
  await page.evaluate(axe.source)
  const complaints: unknown[] = []
  for (const { size, scheme } of screens) {
    await page.setViewportSize(size)
    await page.emulateMedia({ colorScheme: scheme })
    const found = await page.evaluate(`axe.run().then(({ violations }) =>
      violations.map(({ id, nodes }) => [id, ...nodes.map(({ html }) => html)]))`)
    complaints.push(...(found as unknown[][]).map((one) => [name, scheme, size.width, ...one]))
  }
  expect(complaints).toEqual([])
  await mustFit(page, name)
}

export async function mustFit(page: Page, name: string): Promise<void> {
  await page.setViewportSize(phone)
  const width = await page.evaluate('document.documentElement.scrollWidth')
  expect([name, width]).toEqual([name, phone.width])
  await page.setViewportSize(desktop)
}
