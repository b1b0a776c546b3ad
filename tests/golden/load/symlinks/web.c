int web;
