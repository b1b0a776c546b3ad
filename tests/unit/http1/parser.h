/* The requirement header that a build would generate: the operations of whichever parser is asked for. */
#ifndef PARSER_H
#define PARSER_H

#ifdef WITH_LLHTTP
#include "../../../libs/http_llhttp/http_llhttp.h"
#define parser_fields http_llhttp_fields
#define parser_chunks http_llhttp_chunks
#define parser_chunk http_llhttp_chunk
#else
#include "../../../libs/http_lines/http_lines.h"
#define parser_fields http_lines_fields
#define parser_chunks http_lines_chunks
#define parser_chunk http_lines_chunk
#endif

#endif
