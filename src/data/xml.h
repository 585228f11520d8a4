/* The tags of an XML file, one after the other: as much of XML as label files use. */
#ifndef DATA_XML_H
#define DATA_XML_H

#include "data/text.h"

/*
 * Comments, processing instructions, declarations (a DOCTYPE with an internal subset is refused),
 * CDATA and text are stepped over; entities of the file's own are not known, so that nothing can
 * be fetched or blown up. Tags need not match: who reads them knows which he waits for.
 */
typedef struct xml {
    const char *at, *end;
    const char *wrong; /* what is; NULL: nothing so far */
} xml;

typedef struct xml_tag {
    text name, attributes;
    const char *at; /* of its '<' */
    bool closes;    /* </name> */
    bool empty;     /* <name/> */
} xml_tag;

xml xml_of(text t);
/* The next tag; false at the end, or where something is wrong: x->at is then there. */
bool xml_next(xml *x, xml_tag *tag);
/* False where the tag has none of this name. The value is as written. */
bool xml_attribute(const xml_tag *tag, const char *name, text *value);
/* With &amp; &lt; &gt; &quot; &apos; and &#N; replaced, as UTF-8; false where another entity is
 * used, the result holds a zero byte, or does not fit into out [size]. */
bool xml_decode(text value, char *out, size_t size);

#endif
