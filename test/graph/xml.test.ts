import { DOMParser, onErrorStopParsing } from '@xmldom/xmldom'
import { expect, test } from 'vitest'
import { escapeXml } from '../../src/xml.ts'

test.for([
  ['<script>&amp;</script>', '<script>&amp;</script>'],
  [`"double" and 'single'`, `"double" and 'single'`],
  ['grüße 🐳', 'grüße 🐳'],
  ['a\u0000b\u001bc\ufffe', 'abc'],
] as const)('%j is text in an element and in an attribute', ([text, read]) => {
  const escaped = escapeXml(text)
  const document = new DOMParser({ onError: onErrorStopParsing }).parseFromString(
    `<a b="${escaped}">${escaped}</a>`,
    'text/xml',
  )
  expect(document.documentElement?.textContent).toBe(read)
  expect(document.documentElement?.getAttribute('b')).toBe(read)
})
