/*
 * page.S - the page's style and script, embedded as they are.
 */
    .section .rodata
    .globl page_css, page_css_end, page_js, page_js_end
page_css:
    .incbin "page.css"
page_css_end:
    .byte 0
page_js:
    .incbin "page.js"
page_js_end:
    .byte 0
    .section .note.GNU-stack, "", @progbits
